"""assurance"""
